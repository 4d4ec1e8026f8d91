cd '/work/wt-debug'
tenon 'compile' '/tmp/mutrun/transformer.onnx' '-o' '/tmp/mutrun/mutant.so' '-q' '-mcpu=native' '--time-limit=8'
