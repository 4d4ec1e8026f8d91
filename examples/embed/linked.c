/* The same for a model that is part of the program: `tenon compile model.onnx -o mynet.o` makes an object and
 * the header mynet.h, which declares mynet_query. No file is opened at run time. */
#include "common.h"

#include MODEL_HEADER

int main(void) {
  tn_model *model = NULL;
  tn_context *context = NULL;
  tn_status status = tn_model_from_desc(MODEL_QUERY(TN_ABI_VERSION), NULL, &model);
  if (status == TN_OK)
    status = tn_context_create(model, NULL, &context);
  if (status == TN_OK)
    status = bind_inputs(model, context, NULL);
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
