package storagetest

var peopleTests = []storeTest{}
