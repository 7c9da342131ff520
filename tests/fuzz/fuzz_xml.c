/* The XML reader holds what expat holds for well-formed, and hears the same in it (xml_oracle.h).
 */
#include "../support/xml_oracle.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static XML_Parser expat;
    char said[1024];

    if (!expat && !(expat = XML_ParserCreate(NULL)))
        abort();
    if (xml_disagree(expat, size ? (const char *)data : "", size, said, sizeof(said))) {
        fprintf(stderr, "%s\n", said);
        abort();
    }
    return 0;
}
