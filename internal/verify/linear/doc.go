// Package linear checks that an Event Value is linearizable: that what many goroutines were
// told can be explained by an order in which all calls happened one at a time, each
// somewhere between its beginning and its end.
//
// [Record] lets goroutines call at random and writes down what each call returned and when.
// [Check] looks for an order that explains it by the rules in spec.go, with porcupine. If
// there is none, it leaves a picture of the history, an HTML page in which each call is a bar
// and the longest order that could be found is drawn through them.
//
//	make linear LINEAR=10m
package linear
