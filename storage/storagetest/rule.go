package storagetest

var ruleTests = []storeTest{}
