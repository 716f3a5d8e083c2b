// Programs of the corpus in Go: the first word names one; it prints `ok`, or says what was wrong and ends with 1.
package main

import (
	"fmt"
	"os"
	"time"
)

var programs = map[string]func() error{}

func main() {
	program := programs[os.Args[1]]
	if program == nil {
		fmt.Fprintln(os.Stderr, "no such program")
		os.Exit(9)
	}
	if err := program(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("ok")
}

// Gives an error unless so much time has passed, and not absurdly more.
func about(what string, passed, least time.Duration) error {
	if passed < least || passed > least+time.Minute {
		return fmt.Errorf("%s: %v instead of %v", what, passed, least)
	}
	return nil
}

// A moment as databases and tokens keep it: without the reading of the monotonic clock.
func wall() time.Time {
	return time.Now().Round(0)
}
