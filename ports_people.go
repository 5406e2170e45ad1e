package meanwhile

// PeopleStore remembers what people are in a workspace.
type PeopleStore interface{}
