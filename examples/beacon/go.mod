module example.com/beacon

go 1.26.0

toolchain go1.26.8

// npm packages may carry Go files; without this line ./... would build them.
ignore ./frontend-modern/node_modules

require (
	github.com/go-chi/chi/v5 v5.5.0
	github.com/goccy/go-yaml v1.19.2
	github.com/google/uuid v1.6.0
)
