package meanwhile

// RuleStore remembers the rules of share links.
type RuleStore interface{}
