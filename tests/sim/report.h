/*
 * What a run measured: as a table, as JSON, and beside the exact values that a model file knows.
 */
#ifndef TESTS_SIM_REPORT_H
#define TESTS_SIM_REPORT_H

#include "run.h"

void report_text(const struct model *m, const struct run_result *r, struct str *out);
/* {"types":{...},"agents":{...},"steps":N,"hash":"16 hexadecimal digits"}; what is not known is null. */
void report_json(const struct model *m, const struct run_result *r, struct str *out);
/* One line for each known value; the number of those that do not hold. */
size_t report_known(const struct model *m, const struct run_result *r, struct str *out);
/* False with lines in problems when `known` names what is not measured. */
bool report_can_know(const struct model *m, struct str *problems);

#endif
