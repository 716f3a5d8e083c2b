// Loses memory when it is asked to.
#include <stdlib.h>

void *volatile kept;

int main(int count, char **words)
{
    (void)words;
    kept = malloc(77);
    if (count > 1)
        kept = NULL;
    return 0;
}
