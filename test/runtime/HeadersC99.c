/* Compiled as strict C99: the public headers promise that. Called by Wrapper.cpp, so that it links as well.
 */
#include "tenon/tenon.h"

int tn_test_c99(tn_model *model) {
  tn_context_options options = {0};
  tn_context *context = NULL;
  options.size = sizeof options;
  options.n_threads = 1;
  options.trace = NULL;
  if (tn_context_create(model, &options, &context) != TN_OK)
    return 1;
  tn_context_destroy(context);
  return 0;
}
