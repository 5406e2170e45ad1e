package meanwhile

// KeepingStore remembers what is deleted, exported and kept.
type KeepingStore interface{}
