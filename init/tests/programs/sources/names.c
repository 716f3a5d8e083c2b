// Reads a directory twice, the second time after rewinddir; prints both readings and nothing else.
#include <dirent.h>
#include <stdio.h>

int main(int count, char **words)
{
    DIR *folder = count > 1 ? opendir(words[1]) : NULL;
    if (!folder)
        return 9;
    for (int round = 0; round < 2; round++) {
        for (struct dirent *entry; (entry = readdir(folder));)
            if (entry->d_name[0] != '.')
                puts(entry->d_name);
        rewinddir(folder);
    }
    return 0;
}
