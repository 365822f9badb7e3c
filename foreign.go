package event

import "reflect"

// listen starts a goroutine that fires j when one of the channels in j.others
// is closed. The goroutine ends when j fires, at the latest in release.
//
//explore:skip selects by reflection
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
