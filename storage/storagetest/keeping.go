package storagetest

var keepingTests = []storeTest{}
