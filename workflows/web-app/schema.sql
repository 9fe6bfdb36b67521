create table if not exists item (name text primary key, price int not null, stock int not null);
insert into item values ('bun', 3, 10), ('tea', 5, 4) on conflict (name) do update set stock = excluded.stock;
