module github.com/eventvalue/event/file/toml

go 1.26

require (
	github.com/eventvalue/event/file v0.0.0
	github.com/pelletier/go-toml/v2 v2.4.3
	github.com/stretchr/testify v1.12.1
)

require (
	github.com/eventvalue/event v0.0.0 // indirect
	github.com/fsnotify/fsnotify v1.10.1 // indirect
	go.uber.org/atomic v1.12.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/sys v0.13.0 // indirect
)

replace (
	github.com/eventvalue/event => ../../
	github.com/eventvalue/event/file => ../
)
