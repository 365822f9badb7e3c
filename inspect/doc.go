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
// The page lists each published value with its version, its rate, its watchers and its end.
// A watcher that was made by [Track] is listed by name, with its lag and age:
//
//	w := inspect.Track("db pool", config).Watch()
//
// Values are taken for secrets. The page has the type, the size and the age of a value. It
// has its text only if [Show] was given.
//
// # Access to the page
//
// Mount [Handler] where /debug/pprof is: on a listener or behind a check that only operators
// pass. The handler itself checks no permission. Names of values and watchers, errors and
// the text from Show are for every reader of the page.
//
// # Cost
//
// A program that does not import this package pays nothing for it. A published value costs
// an entry; its Set, Watch, Get and Close cost what they cost before. A tracked watcher adds
// two atomic additions to each Get, and a mutex and a stack trace to Watch and Close.
//
// Each call of [Values] and each static page reads the values once. While a live page is open,
// they are read once a second. One goroutine reads for all live pages. It
// ends after the last page has gone.
package inspect
