#include "linear.h"
#include "tenon/tenon.h"

#include <stdio.h>

int main(void) {
  tn_model *model;
  if (tn_model_from_desc(linear_query(TN_ABI_VERSION), NULL, &model) || tn_model_verify(model)) {
    puts(tn_last_error());
    return 1;
  }
  tn_model_destroy(model);
  puts("ok");
  return 0;
}
