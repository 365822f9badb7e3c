module github.com/eventvalue/event/file/yaml

go 1.26

require (
	github.com/eventvalue/event/file v0.0.0
	github.com/goccy/go-yaml v1.19.2
	github.com/stretchr/testify v1.12.1
)

replace (
	github.com/eventvalue/event => ../../
	github.com/eventvalue/event/file => ../
)
