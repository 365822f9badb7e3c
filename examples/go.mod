module github.com/eventvalue/event/examples

go 1.26

require (
	github.com/eventvalue/event v0.0.0
	github.com/mattn/go-isatty v0.0.24
	github.com/oklog/run v1.2.0
	github.com/pelletier/go-toml/v2 v2.4.3
	github.com/stretchr/testify v1.12.1
	github.com/thejerf/suture/v4 v4.0.6
	golang.org/x/sync v0.16.0
)

require (
	github.com/fsnotify/fsnotify v1.10.1 // indirect
	go.yaml.in/yaml/v4 v4.0.0 // indirect
)

require (
	github.com/eventvalue/event/file v0.0.0
	github.com/eventvalue/event/file/toml v0.0.0
	github.com/eventvalue/event/file/yaml v0.0.0
	go.uber.org/atomic v1.12.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/sys v0.28.0 // indirect
)

replace github.com/eventvalue/event => ../

replace github.com/eventvalue/event/file => ../file

replace github.com/eventvalue/event/file/toml => ../file/toml

replace github.com/eventvalue/event/file/yaml => ../file/yaml
