// What a static Go program sees. The first argument says what is asked for.
package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

func main() {
	began := time.Now()
	switch os.Args[1] {
	case "now":
		fmt.Println(began.UnixNano())
	case "processors":
		fmt.Println(runtime.NumCPU())
	case "dial":
		_, err := net.Dial("tcp", os.Args[2])
		fmt.Println(err)
	case "modified":
		file, err := os.Stat(os.Args[2])
		check(err)
		fmt.Println(file.ModTime().Unix())
	case "lookup":
		_, err := net.LookupHost(os.Args[2])
		fmt.Println(err)
	case "names":
		folder, err := os.Open(os.Args[2])
		check(err)
		names, err := folder.Readdirnames(-1)
		check(err)
		fmt.Println(strings.Join(names, "\n"))
	case "sleep":
		pause, err := time.ParseDuration(os.Args[2])
		check(err)
		time.Sleep(pause)
		fmt.Println(time.Since(began).Milliseconds())
	case "timers":
		ticker := time.NewTicker(100 * time.Millisecond)
		for range 3 {
			<-ticker.C
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-make(chan bool):
		}
		fmt.Println(time.Since(began).Milliseconds())
	case "child":
		check(exec.Command(os.Args[2], os.Args[3:]...).Run())
		fmt.Println(time.Since(began).Milliseconds())
	case "work":
		sum := 0
		for i := range 1_500_000_000 {
			sum = sum*31 + i
		}
		fmt.Fprintln(os.Stderr, sum)
		fmt.Println(time.Since(began).Milliseconds())
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
