// Package plan decides from a probe what to make of a video: the ladder, the steps and their cost.
// It is pure. Its golden files are in worker/testdata/plan.
package plan
