package storagetest

var signInTests = []storeTest{}
