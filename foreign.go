package event

import "reflect"

// listen starts the goroutine that waits for the others. It ends when j fires, be it by
// release.
func (j *joint) listen() {
	var cases []reflect.SelectCase
	for _, c := range append(j.others, j.signal.Done()) {
		cases = append(cases, reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(c)})
	}
	go func() {
		reflect.Select(cases)
		j.signal.Fire()
	}()
}
