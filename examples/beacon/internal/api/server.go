// Package api is beacon's HTTP face: routes, tokens, roles, and signup.
package api

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"example.com/beacon/internal/monitoring"
	"example.com/beacon/internal/rbac"
	"example.com/beacon/internal/tenant"
)

// Server answers requests. Everything that a test wants to hold still, the
// clock, IDs and secrets, is a field.
type Server struct {
	Tenants   *tenant.Store
	Access    *rbac.Manager
	Alerts    *monitoring.Store
	Evaluator monitoring.Evaluator
	// AgentDir holds the agent binaries that the download endpoint serves.
	AgentDir string

	Now       func() time.Time
	NewID     func() string
	NewSecret func() string
	Log       *slog.Logger
}

// Handler builds the router. A path that is not in [Server.routes] does not
// exist; the RouteInventory test holds both to the checked-in list.
func (s *Server) Handler() http.Handler { return s.router() }

func (s *Server) router() chi.Router {
	router := chi.NewRouter()
	router.Use(s.recoverPanics, secureHeaders)
	for _, route := range s.routes() {
		router.MethodFunc(route.method, route.pattern, route.handle)
	}
	router.NotFound(func(w http.ResponseWriter, _ *http.Request) { notFound(w) })
	router.MethodNotAllowed(func(w http.ResponseWriter, _ *http.Request) {
		fail(w, http.StatusMethodNotAllowed, "method_not_allowed", "this path does not know that method")
	})
	return router
}

// secureHeaders applies to every answer, errors included. Nothing here is
// meant to be cached or framed, and JSON must not be sniffed into HTML.
func secureHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Cache-Control", "no-store")
		header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		header.Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

// recoverPanics keeps one bad request from being the last one. The caller
// learns nothing but that it failed.
func (s *Server) recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler {
				panic(cause) // net/http's own signal, not a defect
			}
			s.Log.Error("handler panicked", "method", r.Method, "path", r.URL.Path, "cause", cause)
			internalError(w)
		}()
		next.ServeHTTP(w, r)
	})
}
