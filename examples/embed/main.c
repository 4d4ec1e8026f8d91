/* Loads a model, runs its first entry point and prints the first outputs: embed MODEL.so [INPUT.bin]
 * The first input is read from INPUT.bin, raw and row-major; everything else is zero. */
#include "common.h"

int main(int argc, char **argv) {
  if (argc < 2)
    return fprintf(stderr, "usage: %s MODEL.so [INPUT.bin]\n", argv[0]), 2;
  tn_model *model = NULL;
  tn_context *context = NULL;
  tn_status status = tn_model_load(argv[1], NULL, &model);
  if (status == TN_OK)
    status = tn_context_create(model, NULL, &context);
  if (status == TN_OK)
    status = bind_inputs(model, context, argc > 2 ? argv[2] : NULL);
  if (status == TN_OK)
    status = tn_context_run(context, 0);
  if (status == TN_OK)
    status = print_outputs(model, context);
  if (status != TN_OK)
    fprintf(stderr, "%s: %s\n", tn_status_name(status), tn_last_error());
  free_inputs();
  tn_context_destroy(context);
  tn_model_destroy(model);
  return status == TN_OK ? 0 : 1;
}
