// Statements removes each statement of Go files in turn, and prints those that
// no test of their package misses.
//
//	go run ./internal/verify/statements etcd/watch.go etcd/follow.go
//
// All files must be of one package. Statements builds its tests once: each
// statement gets a condition, and an environment variable selects the one that is
// not run. So a statement can only be removed if the code compiles without its
// effect. Declarations, and the return at the end of a function, stay. The
// clauses of a switch without a tag, and of an else if, are removed as
// statements are.
//
// A statement is caught if the tests fail or hang. Statements runs the short
// tests, and shows its progress. It exits with status 1 if a statement is not
// caught.
package main
