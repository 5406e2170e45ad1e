package meanwhile

// SignInStore remembers what people sign in with beside a password.
type SignInStore interface{}
