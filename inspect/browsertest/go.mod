module github.com/eventvalue/event/inspect/browsertest

go 1.26

require (
	github.com/chromedp/chromedp v0.23.1
	github.com/eventvalue/event v0.0.0
	github.com/stretchr/testify v1.12.1
)

replace github.com/eventvalue/event => ../../
