// Package storage defines what Meanwhile stores: types with typed ids, error kinds, clean text,
// event topics, and the ports through which the program reaches the outside. It uses only the
// standard library; implementations are in the folders below it.
package storage
