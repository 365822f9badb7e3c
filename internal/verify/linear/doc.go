// Package linear checks that an Event Value is linearizable. A history is
// linearizable if some order explains all results: an order in which the calls
// happen one at a time, each between its beginning and its end.
//
// [Record] runs goroutines that make random calls, and records the results and
// times of all calls. [Check] uses porcupine to search for an order that
// explains the history by the rules in spec.go. If there is none, Check writes
// a picture of the history. The picture is an HTML page in which each call is a
// bar, and a line through the bars is the longest order found.
//
//	make linear LINEAR=10m
package linear
