package api

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

// maxBody is ample for a heartbeat of a few hundred metrics.
const maxBody = 64 << 10

type errorBody struct {
	Error errorDetail `json:"error"`
}

type errorDetail struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// readJSON decodes exactly one JSON value of a known shape. It answers the
// request itself and returns false if the body is anything else.
func readJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if err == nil {
		if _, rest := decoder.Token(); rest != io.EOF {
			err = errors.New("more than one JSON value")
		}
	}
	var tooLong *http.MaxBytesError
	switch {
	case err == nil:
		return true
	case errors.As(err, &tooLong):
		fail(w, http.StatusRequestEntityTooLarge, "too_large", "the body is too long")
	default:
		invalid(w, err.Error())
	}
	return false
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The status is sent; if the peer is gone there is nobody left to tell.
	_ = json.NewEncoder(w).Encode(body)
}

func fail(w http.ResponseWriter, status int, code, message string) {
	writeJSON(w, status, errorBody{errorDetail{Code: code, Message: message}})
}

func invalid(w http.ResponseWriter, message string) {
	fail(w, http.StatusBadRequest, "invalid", message)
}

func notFound(w http.ResponseWriter) {
	fail(w, http.StatusNotFound, "not_found", "there is nothing here")
}

// internalError says no more than that: the cause goes to the log.
func internalError(w http.ResponseWriter) {
	fail(w, http.StatusInternalServerError, "internal", "the request failed")
}
