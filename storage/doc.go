// Package storage names what Meanwhile remembers: nouns with typed ids, kinds of errors, clean
// text, event topics, and the ports that the rest of the program reaches the outside through. It
// uses the standard library alone; implementations lie in the folders below it.
package storage
