//! Dense ids and the vector they index: flat data instead of maps of names.

use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

use serde::Serialize;

/// A small number that stands for one thing of one kind.
pub trait Id: Copy + Eq + Ord {
    /// The id of the `index`th thing.
    fn from_index(index: usize) -> Self;
    /// The place of this id in a [`DenseMap`].
    fn index(self) -> usize;
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl Id for $name {
            fn from_index(index: usize) -> Self {
                // The plan refuses workflows far below this bound.
                Self(u32::try_from(index).unwrap_or(u32::MAX))
            }
            fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

id!(
    /// One process of a plan: an instance, after replicas and matrices.
    ProcessId
);
id!(
    /// One lock or semaphore of a plan.
    ResourceId
);

id!(
    /// One queue of a plan.
    QueueId
);

/// One item of a queue: numbered from 0 in the order in which its queue took them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ItemId(pub u64);

/// One offering of items to a queue: late news of one that is over can not be taken for another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct OfferId(pub u64);

/// Somebody who takes items from a queue, as long as he does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct TakerId(pub u64);

/// One attempt at one process: late news of an old attempt can not be taken for the new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct JobId {
    /// The process.
    pub process: ProcessId,
    /// Which attempt, from 1.
    pub attempt: u32,
}

/// One asking for locks that other runs share: late news of one that was given up can not be taken for another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct HostAsk(pub u64);

/// One critical section that a client asks for while a run goes on; never the same number twice in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Section(pub u64);

/// A vector indexed by the ids of one kind.
#[derive(Clone, Debug)]
pub struct DenseMap<K, V> {
    items: Vec<V>,
    key: PhantomData<K>,
}

impl<K, V> Default for DenseMap<K, V> {
    fn default() -> Self {
        Self { items: Vec::new(), key: PhantomData }
    }
}

impl<K: Id, V> DenseMap<K, V> {
    /// Adds a value and returns its id.
    pub fn push(&mut self, value: V) -> K {
        self.items.push(value);
        K::from_index(self.items.len() - 1)
    }
    /// How many values there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
    /// Values in the order of their ids.
    pub fn iter(&self) -> std::slice::Iter<'_, V> {
        self.items.iter()
    }
    /// Values in the order of their ids, to change.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, V> {
        self.items.iter_mut()
    }
    /// Values in the order of their ids, to keep.
    pub fn into_values(self) -> std::vec::IntoIter<V> {
        self.items.into_iter()
    }
    /// All ids in order.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = K> + use<K, V> {
        (0..self.items.len()).map(K::from_index)
    }
    /// Ids with their values, in order.
    pub fn entries(&self) -> impl Iterator<Item = (K, &V)> {
        self.items.iter().enumerate().map(|(index, value)| (K::from_index(index), value))
    }
    /// The value of an id that may be out of range.
    pub fn get(&self, key: K) -> Option<&V> {
        self.items.get(key.index())
    }
}

impl<K: Id, V> Index<K> for DenseMap<K, V> {
    type Output = V;
    fn index(&self, key: K) -> &V {
        &self.items[key.index()]
    }
}

impl<K: Id, V> IndexMut<K> for DenseMap<K, V> {
    fn index_mut(&mut self, key: K) -> &mut V {
        &mut self.items[key.index()]
    }
}

impl<K, V> FromIterator<V> for DenseMap<K, V> {
    fn from_iter<I: IntoIterator<Item = V>>(values: I) -> Self {
        Self { items: values.into_iter().collect(), key: PhantomData }
    }
}
