module github.com/eventvalue/event/bench/rivals

go 1.26.0

replace github.com/eventvalue/event => ../..

require (
	github.com/bradenaw/juniper v0.15.3
	github.com/creachadair/msync v0.10.1
	github.com/eventvalue/event v0.0.0-00010101000000-000000000000
	github.com/samber/ro v0.3.0
)

require (
	github.com/samber/lo v1.52.0 // indirect
	go.uber.org/atomic v1.12.0 // indirect
	golang.org/x/exp v0.0.0-20231006140011-7918f672742d // indirect
	golang.org/x/text v0.22.0 // indirect
)
