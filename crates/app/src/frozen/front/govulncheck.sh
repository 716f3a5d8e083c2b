#!/bin/sh
# Stands before govulncheck in the search path of commands that use a frozen vulnerability database. govulncheck reads no
# variable that names one, so this names it by the option, and says on the standard error what the data is of.
input=${0%/bin/govulncheck}
rest=
IFS=:
for folder in $PATH; do
  [ "$folder" = "$input/bin" ] || rest=${rest:+$rest:}$folder
done
unset IFS
PATH=$rest
export PATH
printf '%s\n' 'rcrepro: vulnerability database of DATE: ENTRIES entries' >&2
exec govulncheck -db "file://$input/db" "$@"
