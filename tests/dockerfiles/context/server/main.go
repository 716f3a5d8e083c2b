// A program with a module that is not of the standard library.
package main

import (
	"fmt"
	"runtime"

	"golang.org/x/text/language"
)

var made = "unknown"

func main() {
	fmt.Println(made, runtime.GOARCH, language.English)
}
