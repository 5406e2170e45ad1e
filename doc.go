// Package meanwhile decides: the use cases of the subjects that have no package of their own yet.
package meanwhile
