module github.com/eventvalue/event/file/toml

go 1.26

require (
	github.com/eventvalue/event/file v0.0.0
	github.com/pelletier/go-toml/v2 v2.4.3
	github.com/stretchr/testify v1.12.1
)

replace (
	github.com/eventvalue/event => ../../
	github.com/eventvalue/event/file => ../
)
