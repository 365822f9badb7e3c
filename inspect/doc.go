// Package inspect shows the Event Values of a running program: a live page for people, a
// snapshot for exporters, and a profile of the watchers that are open.
//
//	unpublish, err := inspect.Publish("config", config)
//	if err != nil {
//		return err
//	}
//	defer unpublish()
//	mux.Handle("/debug/values/", inspect.Handler())
//
// The page lists each published value with its state. It has the version and the rate of a value
// with versions, and the number of watchers of a value that counts them. A watcher that was made by
// [Track] is listed by name, with its lag and age:
//
//	w := inspect.Track("db pool", config).Watch()
//
// # What is shown
//
// Values are taken for secrets. The text of a value, and the hash of its file, are shown only if
// [Show] was given. A reader of the page sees without Show:
//
//   - the names of values and of tracked watchers, and the name of the program.
//   - the type of a value, its size, its versions, and when they were seen.
//   - the path of a file, and the time at which it was loaded.
//   - the state of a connection, and its numbers, such as a revision.
//   - the texts of errors: of the end of a value, of a file, of a connection.
//   - the text of a panic of a function, if the panic is a string or an error, and otherwise
//     its type.
//
// An error of a decoder may quote a part of the file. The size of a string may say something
// about it. A hash is not shown without Show, because it confirms a guess of a short secret.
//
// # Access to the page
//
// Mount [Handler] where /debug/pprof is: on a listener or behind a check that only operators
// pass. The handler itself checks no permission.
//
// # Cost
//
// A program that does not import this package pays nothing for it. A published value costs
// an entry; its Set, Watch, Get and Close cost what they cost before. A tracked watcher adds
// two atomic additions to each Get, and a mutex and a stack trace to Watch and Close.
//
// Each call of [Values] and each static page reads the values once. While a live page is open,
// and not in a hidden tab, they are read once a second. One goroutine reads for all live pages.
// It ends after the last page has gone. A look that runs functions of the program, such as the
// function of a view, has a goroutine of its own. A value has at most one such goroutine, even
// if a function never returns: see [Values].
package inspect
