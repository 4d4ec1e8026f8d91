module attributes {tn.stage = "schedule"} {
  func.func @main(%arg0: tensor<1x12xi64> {tn.name = "ids"}, %arg1: tensor<1x12xi64> {tn.name = "mask"}) -> (tensor<1x12x48xf32> {tn.name = "/transformer/add_51:0"}, tensor<1x12x7xf32> {tn.name = "/transformer/tanh_53:0"}) {
    %0 = tn.constant #tn.weight<"model#w0", 0, 9600> -> tensor<50x48xf32>
    %1 = tn.kernel ins(%0, %arg0 : tensor<50x48xf32>, tensor<1x12xi64>) template "elementwise" schedule {"x86-64-v4" = {block = 48 : i64, lanes = 16 : i64, rows = 12 : i64}} {
    ^bb0(%arg2: tensor<50x48xf32>, %arg3: tensor<1x12xi64>):
      %46 = tn.gather %arg2, %arg3 axis 0 : tensor<50x48xf32>, tensor<1x12xi64> -> tensor<1x12x48xf32>
      tn.yield %46 : tensor<1x12x48xf32>
    } -> tensor<1x12x48xf32>
    %2 = tn.constant dense<[-0.322089911, -0.326187283, 0.298013657, 0.320062369, 0.709130287, 0.349375755, 0.0575140081, 0.221786544, -0.65825957, 0.276700079, 0.0825015529, 1.03366733, 0.683849871, -0.414730102, -0.285553753, 0.436258525, -1.03474665, -0.460793465, 0.182565227, 0.319652736, 0.0906668528, 0.579697311, -0.136834905, 0.0465953462, -0.0975734889, -0.546866238, 0.0218219105, -0.276195168, 0.0393281206, -1.30611646, 0.0539131239, -0.271414846, -0.307442755, 0.0222326927, -0.235708639, 0.462507635, 0.622559249, 0.440797269, 0.481590509, 0.181678429, 0.0161032714, -0.639507472, -0.183626607, 0.604804515, 0.382627666, -0.243681177, 0.0548805632, 0.528594851]> : tensor<48xf32>
    %3 = tn.constant dense<[-0.0317636803, 0.324138165, -0.150682941, 0.158094734, 0.139307603, 0.0351258218, 0.0609011352, 0.108314447, -0.45213595, 0.0947375074, 0.229331642, 0.0806922764, 0.228276551, -0.23477298, -0.0124086142, 6.711970e-02, -0.0512125455, 0.238349691, 0.0982050746, -0.100876778, 0.163932353, 0.16438961, -0.0859118923, 0.126249224, 0.0765555725, 0.0718460158, -0.248744577, 0.255554438, 0.130250022, -0.00418569706, 0.0704794452, 0.067833446, -0.0598681681, -0.11574062, 0.0203481801, -0.118076645, -0.0960906893, -0.231697381, -0.0545863137, 0.201406747, 0.0431694761, 0.00993444118, -0.0626791343, -0.0846176445, -0.298508942, 0.330761641, -0.144867063, -0.299321115]> : tensor<48xf32>
    %4 = tn.kernel ins(%1, %2, %3 : tensor<1x12x48xf32>, tensor<48xf32>, tensor<48xf32>) template "rows" schedule {"x86-64-v4" = {lanes = 16 : i64}} {
    ^bb0(%arg2: tensor<1x12x48xf32>, %arg3: tensor<48xf32>, %arg4: tensor<48xf32>):
      %46 = tn.normalize %arg2 axes [2] epsilon 9.9999997473787516E-6 : tensor<1x12x48xf32> -> tensor<1x12x48xf32>
      %47 = tn.mul %46, %arg3 : tensor<1x12x48xf32>, tensor<48xf32> -> tensor<1x12x48xf32>
      %48 = tn.add %47, %arg4 : tensor<1x12x48xf32>, tensor<48xf32> -> tensor<1x12x48xf32>
      tn.yield %48 : tensor<1x12x48xf32>
    } -> tensor<1x12x48xf32>
    %5 = tn.kernel ins(%arg1 : tensor<1x12xi64>) template "elementwise" schedule {"x86-64-v4" = {block = 12 : i64, lanes = 1 : i64, rows = 1 : i64}} {
    ^bb0(%arg2: tensor<1x12xi64>):
      %46 = tn.constant dense<1.000000e+00> : tensor<f32>
      %47 = tn.constant dense<-2.000000e+01> : tensor<f32>
      %48 = tn.cast %arg2 : tensor<1x12xi64> -> tensor<1x12xf32>
      %49 = tn.sub %46, %48 : tensor<f32>, tensor<1x12xf32> -> tensor<1x12xf32>
      %50 = tn.mul %49, %47 : tensor<1x12xf32>, tensor<f32> -> tensor<1x12xf32>
      tn.yield %50 : tensor<1x12xf32>
    } -> tensor<1x12xf32>
    %6 = tn.constant #tn.weight<"model#w8", 0, 9216> -> tensor<48x48xf32>
    %7 = tn.reshape %4 : tensor<1x12x48xf32> -> tensor<12x48xf32>
    %8 = tn.constant dense<[-0.162475064, 0.0317070372, 0.0386008285, 0.204409331, -0.055578541, 0.150684103, -0.144863203, 0.120244443, -0.0807349681, -0.0923660099, 0.0474585332, -0.0356569067, 0.0353795253, -0.00411158288, -0.0734901801, 0.0882551372, -0.0191967338, -0.0631785244, -0.0655987635, -0.18581602, -0.127760038, 0.0370239615, 0.0258388612, -9.279610e-03, 0.136822388, 0.00441998709, 0.00581268594, 0.0588558167, 0.0397186503, 0.122864135, -0.0475359596, 0.0156805571, 0.00718078576, -0.0279568024, -0.00114189775, 0.10050296, 0.15884082, 0.011930991, 0.0105404751, 0.0353356898, 0.122805879, 0.0715166852, 0.175615489, 0.198670536, 0.126738727, -0.0450102091, -0.0237791706, -0.0260611176]> : tensor<48xf32>
    %9 = tn.kernel ins(%6 : tensor<48x48xf32>) template "elementwise" schedule {"x86-64-v4" = {block = 32 : i64, lanes = 16 : i64, rows = 48 : i64}} {
    ^bb0(%arg2: tensor<48x48xf32>):
      %46 = tn.pack %arg2 batch [] k [0] n [1] panel 32 : tensor<48x48xf32> -> tensor<2x48x32xf32>
      tn.yield %46 : tensor<2x48x32xf32>
    } -> tensor<2x48x32xf32>
    %10 = tn.kernel ins(%7, %8, %9 : tensor<12x48xf32>, tensor<48xf32>, tensor<2x48x32xf32>) template "contraction" schedule {"x86-64-v4" = {chunk = 1 : i64, lanes = 16 : i64, rows = 12 : i64, rows_outer = 1 : i64, unroll = 4 : i64, vectors = 2 : i64}} {
    ^bb0(%arg2: tensor<12x48xf32>, %arg3: tensor<48xf32>, %arg4: tensor<2x48x32xf32>):
      %46 = tn.unpack %arg4 batch [] k [0] n [1] panel 32 : tensor<2x48x32xf32> -> tensor<48x48xf32>
      %47 = tn.contract %arg2 [0, 2], %46 [2, 1] -> [0, 1] : tensor<12x48xf32>, tensor<48x48xf32> -> tensor<12x48xf32>
      %48 = tn.add %47, %arg3 : tensor<12x48xf32>, tensor<48xf32> -> tensor<12x48xf32>
      tn.yield %48 : tensor<12x48xf32>
    } -> tensor<12x48xf32>
    %11 = tn.reshape %10 : tensor<12x48xf32> -> tensor<12x4x12xf32>
    %12 = tn.constant #tn.weight<"model#w11", 0, 9216> -> tensor<48x48xf32>
    %13 = tn.constant dense<[0.157577142, -0.0843860581, 0.0430690758, -0.1165644, -0.0679421648, 0.0593091808, 0.0653208569, 0.0949166417, -0.0386789292, 0.0991704612, 0.195320413, 0.0580162406, 0.0954513326, 0.00737865176, 0.0910294353, 0.188788444, 0.0292453729, -0.0727474838, -0.012846821, 0.0515927821, -0.0383003727, 0.198834553, -0.171591744, 0.0206388813, 0.0324744955, 0.0972737446, 0.104776241, -0.0128230629, 0.0367823839, -0.0703597218, -0.0750563815, 0.0176731963, -0.0034567893, 0.046226915, -0.0437010527, -0.134915486, 0.0890196711, 0.1105517, 0.0122930901, 0.0941146612, -0.0691333786, 0.113420635, -0.0829188898, 0.0664318278, 0.0230343081, 0.127847195, 0.0791314318, 0.0953099802]> : tensor<48xf32>
    %14 = tn.kernel ins(%12 : tensor<48x48xf32>) template "elementwise" schedule {"x86-64-v4" = {block = 32 : i64, lanes = 16 : i64, rows = 48 : i64}} {
    ^bb0(%arg2: tensor<48x48xf32>):
      %46 = tn.pack %arg2 batch [] k [0] n [1] panel 32 : tensor<48x48xf32> -> tensor<2x48x32xf32>
      tn.yield %46 : tensor<2x48x32xf32>
    } -> tensor<2x48x32xf32>
    %15 = tn.kernel ins(%7, %13, %14 : tensor<12x48xf32>, tensor<48xf32>, tensor<2x48x32xf32>) template "contraction" schedule {"x86-64-v4" = {chunk = 1 : i64, lanes = 16 : i64, rows = 12 : i64, rows_outer = 1 : i64, unroll = 4 : i64, vectors = 2 : i64}} {
    ^bb0(%arg2: tensor<12x48xf32>, %arg3: tensor<48xf32>, %arg4: tensor<2x48x32xf32>):
      %46 = tn.unpack %arg4 batch [] k [0] n [1] panel 32 : tensor<2x48x32xf32> -> tensor<48x48xf32>
      %47 = tn.contract %arg2 [0, 2], %46 [2, 1] -> [0, 1] : tensor<12x48xf32>, tensor<48x48xf32> -> tensor<12x48xf32>
      %48 = tn.add %47, %arg3 : tensor<12x48xf32>, tensor<48xf32> -> tensor<12x48xf32>
      tn.yield %48 : tensor<12x48xf32>
    } -> tensor<12x48xf32>
    %16 = tn.constant #tn.weight<"model#w14", 0, 9216> -> tensor<48x48xf32>
    %17 = tn.constant dense<[0.172958165, -0.0758357123, -0.0211541615, -0.15799588, -0.0754952803, 0.0383623801, 0.0568704903, -0.160367385, -0.110848196, -0.0161834192, -0.04229296, 0.0461339168, -0.0799807459, -0.0187583268, -0.157161072, 0.144819275, 0.0313695744, 0.0500793494, 0.069570832, 0.0287675969, 8.184400e-02, 0.127923891, 0.061210718, 0.123429537, 0.171726972, -0.0295776427, 0.16018106, -0.147424296, 0.0234019402, 0.0469971634, 0.113274321, 0.0156966969, 0.0092511177, -0.0284751859, 0.0485331789, 0.0912802293, -0.0329910778, 0.177800596, -0.00777819938, 0.0986574143, 0.0228072815, -0.0658206418, -0.114531286, -0.0308142602, -0.12729454, -0.0102820555, 0.0169747248, 0.0338278487]> : tensor<48xf32>
    %18 = tn.kernel ins(%16 : tensor<48x48xf32>) template "elementwise" schedule {"x86-64-v4" = {block = 32 : i64, lanes = 16 : i64, rows = 48 : i64}} {
    ^bb0(%arg2: tensor<48x48xf32>):
      %46 = tn.pack %arg2 batch [] k [0] n [1] panel 32 : tensor<48x48xf32> -> tensor<2x48x32xf32>
      tn.yield %46 : tensor<2x48x32xf32>
    } -> tensor<2x48x32xf32>
    %19 = tn.kernel ins(%7, %17, %18 : tensor<12x48xf32>, tensor<48xf32>, tensor<2x48x32xf32>) template "contraction" schedule {"x86-64-v4" = {chunk = 1 : i64, lanes = 16 : i64, rows = 12 : i64, rows_outer = 1 : i64, unroll = 4 : i64, vectors = 2 : i64}} {
    ^bb0(%arg2: tensor<12x48xf32>, %arg3: tensor<48xf32>, %arg4: tensor<2x48x32xf32>):
      %46 = tn.unpack %arg4 batch [] k [0] n [1] panel 32 : tensor<2x48x32xf32> -> tensor<48x48xf32>
      %47 = tn.contract %arg2 [0, 2], %46 [2, 1] -> [0, 1] : tensor<12x48xf32>, tensor<48x48xf32> -> tensor<12x48xf32>
      %48 = tn.add %47, %arg3 : tensor<12x48xf32>, tensor<48xf32> -> tensor<12x48xf32>
      tn.yield %48 : tensor<12x48xf32>
    } -> tensor<12x48xf32>
    %20 = tn.reshape %19 : tensor<12x48xf32> -> tensor<12x4x12xf32>
    %21 = tn.reshape %5 : tensor<1x12xf32> -> tensor<12xf32>
    %22 = tn.pack %20 batch [1] k [2] n [0] panel 32 : tensor<12x4x12xf32> -> tensor<4x1x12x32xf32>
    %23 = tn.kernel ins(%11, %21, %22 : tensor<12x4x12xf32>, tensor<12xf32>, tensor<4x1x12x32xf32>) template "contraction" schedule {"x86-64-v4" = {chunk = 1 : i64, lanes = 16 : i64, rows = 12 : i64, rows_outer = 1 : i64, unroll = 4 : i64, vectors = 1 : i64}} {
    ^bb0(%arg2: tensor<12x4x12xf32>, %arg3: tensor<12xf32>, %arg4: tensor<4x1x12x32xf32>):
      %46 = tn.constant dense<3.46410155> : tensor<f32>
      %47 = tn.unpack %arg4 batch [1] k [2] n [0] panel 32 : tensor<4x1x12x32xf32> -> tensor<12x4x12xf32>
      %48 = tn.contract %arg2 [0, 3, 2], %47 [1, 3, 2] -> [3, 0, 1] : tensor<12x4x12xf32>, tensor<12x4x12xf32> -> tensor<4x12x12xf32>
      %49 = tn.div %48, %46 : tensor<4x12x12xf32>, tensor<f32> -> tensor<4x12x12xf32>
      %50 = tn.add %49, %arg3 : tensor<4x12x12xf32>, tensor<12xf32> -> tensor<4x12x12xf32>
      tn.yield %50 : tensor<4x12x12xf32>
    } -> tensor<4x12x12xf32>
    %24 = tn.kernel ins(%23 : tensor<4x12x12xf32>) template "rows" schedule {"x86-64-v4" = {lanes = 1 : i64}} {
    ^bb0(%arg2: tensor<4x12x12xf32>):
      %46 = tn.softmax %arg2 axis 2 : tensor<4x12x12xf32> -> tensor<4x12x12xf32>
      tn.yield %46 : tensor<4x12x12xf32>
    } -> tensor<4x12x12xf32>
    %25 = tn.reshape %15 : tensor<12x48xf32> -> tensor<12x4x12xf32>
    %26 = tn.pack %25 batch [1] k [0] n [2] panel 32 : tensor<12x4x12xf32> -> tensor<4x1x12x32xf32>
    %27 = tn.kernel ins(%24, %26 : tensor<4x12x12xf32>, tensor<4x1x12x32xf32>) template "contraction" schedule {"x86-64-v4" = {chunk = 1 : i64, lanes = 16 : i64, rows = 12 : i64, rows_outer = 1 : i64, unroll = 4 : i64, vectors = 1 : i64}} {
    ^bb0(%arg2: tensor<4x12x12xf32>, %arg3: tensor<4x1x12x32xf32>):
      %46 = tn.unpack %arg3 batch [1] k [0] n [2] panel 32 : tensor<4x1x12x32xf32> -> tensor<12x4x12xf32>
      %47 = tn.contract %arg2 [3, 0, 2], %46 [2, 3, 1] -> [0, 3, 1] : tensor<4x12x12xf32>, tensor<12x4x12xf32> -> tensor<12x4x12xf32>
      tn.yield %47 : tensor<12x4x12xf32>
    } -> tensor<12x4x12xf32>
    %28 = tn.constant #tn.weight<"model#w19", 0, 9216> -> tensor<48x48xf32>
    %29 = tn.reshape %27 : tensor<12x4x12xf32> -> tensor<12x48xf32>
    %30 = tn.kernel ins(%28 : tensor<48x48xf32>) template "elementwise" schedule {"x86-64-v4" = {block = 32 : i64, lanes = 16 : i64, rows = 48 : i64}} {
    ^bb0(%arg2: tensor<48x48xf32>):
      %46 = tn.pack %arg2 batch [] k [0] n [1] panel 32 : tensor<48x48xf32> -> tensor<2x48x32xf32>
      tn.yield %46 : tensor<2x48x32xf32>
    } -> tensor<2x48x32xf32>
    %31 = tn.kernel ins(%29, %7, %30 : tensor<12x48xf32>, tensor<12x48xf32>, tensor<2x48x32xf32>) template "contraction" schedule {"x86-64-v4" = {chunk = 1 : i64, lanes = 16 : i64, rows = 12 : i64, rows_outer = 1 : i64, unroll = 4 : i64, vectors = 2 : i64}} {
    ^bb0(%arg2: tensor<12x48xf32>, %arg3: tensor<12x48xf32>, %arg4: tensor<2x48x32xf32>):
      %46 = tn.unpack %arg4 batch [] k [0] n [1] panel 32 : tensor<2x48x32xf32> -> tensor<48x48xf32>
      %47 = tn.contract %arg2 [0, 2], %46 [2, 1] -> [0, 1] : tensor<12x48xf32>, tensor<48x48xf32> -> tensor<12x48xf32>
      %48 = tn.add %arg3, %47 : tensor<12x48xf32>, tensor<12x48xf32> -> tensor<12x48xf32>
      tn.yield %48 : tensor<12x48xf32>
    } -> tensor<12x48xf32>
    %32 = tn.constant dense<[0.441387028, 0.132236332, -0.145644426, -0.141871408, -0.271971583, -0.117086068, 0.267274112, -0.472223371, 0.295395017, 0.0317018665, -0.0767527744, -0.173694119, -0.0741358772, -0.607934534, -3.227390e-02, -0.910742342, -0.956378579, 0.419620752, 0.0981362536, -0.41427213, -0.0419319086, -0.480443805, -0.610440135, 0.582186043, 1.69390929, 0.527180076, -2.562820e-01, 0.975888669, -0.633189737, 0.631376922, 0.393083423, 0.273388237, -6.370350e-01, 0.472579211, 0.136406511, 0.394639403, -0.601885617, 0.275905907, 0.488538653, 0.0328471549, -0.141463086, 0.107843213, 0.287581086, 0.357730955, -0.11230769, 0.749815345, -0.0210582372, 0.288896412]> : tensor<48xf32>
    %33 = tn.constant dense<[-0.096970126, 0.119292721, -0.0623862669, -0.389801413, 0.0282014329, 0.20044674, -0.266404629, -0.332093775, 0.0367320813, -0.224758014, -0.145951912, -0.167131081, -0.18686828, -0.248675853, -0.0908310264, -0.138465345, -0.0609278083, -0.207122445, 0.198250428, -0.0588942282, -0.198769629, -0.08470425, 0.0526224859, 0.198863566, -0.153371379, 0.00217520981, 0.0101055503, 0.17050384, -0.182049274, -0.252789259, -0.0686160848, 0.0233095828, -0.110613093, -0.155718163, 0.119717278, -0.439523518, -0.365053356, -0.341712147, 0.0335070416, -0.0572841614, 0.0285710562, -0.422978371, -0.406383902, 0.261380583, 0.146688551, -0.350467503, 0.0243971292, 0.167001307]> : tensor<48xf32>
    %34 = tn.kernel ins(%31, %32, %33 : tensor<12x48xf32>, tensor<48xf32>, tensor<48xf32>) template "rows" schedule {"x86-64-v4" = {lanes = 16 : i64}} {
    ^bb0(%arg2: tensor<12x48xf32>, %arg3: tensor<48xf32>, %arg4: tensor<48xf32>):
      %46 = tn.normalize %arg2 axes [1] epsilon 9.9999997473787516E-6 : tensor<12x48xf32> -> tensor<12x48xf32>
      %47 = tn.mul %46, %arg3 : tensor<12x48xf32>, tensor<48xf32> -> tensor<12x48xf32>
      %48 = tn.add %47, %arg4 : tensor<12x48xf32>, tensor<48xf32> -> tensor<12x48xf32>
      tn.yield %48 : tensor<12x48xf32>
    } -> tensor<12x48xf32>
    %35 = tn.constant #tn.weight<"model#w24", 0, 18432> -> tensor<48x96xf32>
    %36 = tn.kernel ins(%35 : tensor<48x96xf32>) template "elementwise" schedule {"x86-64-v4" = {block = 32 : i64, lanes = 16 : i64, rows = 48 : i64}} {
    ^bb0(%arg2: tensor<48x96xf32>):
      %46 = tn.pack %arg2 batch [] k [0] n [1] panel 32 : tensor<48x96xf32> -> tensor<3x48x32xf32>
      tn.yield %46 : tensor<3x48x32xf32>
    } -> tensor<3x48x32xf32>
    %37 = tn.kernel ins(%34, %36 : tensor<12x48xf32>, tensor<3x48x32xf32>) template "contraction" schedule {"x86-64-v4" = {chunk = 1 : i64, lanes = 16 : i64, rows = 12 : i64, rows_outer = 1 : i64, unroll = 4 : i64, vectors = 2 : i64}} {
    ^bb0(%arg2: tensor<12x48xf32>, %arg3: tensor<3x48x32xf32>):
      %46 = tn.unpack %arg3 batch [] k [0] n [1] panel 32 : tensor<3x48x32xf32> -> tensor<48x96xf32>
      %47 = tn.contract %arg2 [0, 2], %46 [2, 1] -> [0, 1] : tensor<12x48xf32>, tensor<48x96xf32> -> tensor<12x96xf32>
      %48 = tn.gelu %47 : tensor<12x96xf32> -> tensor<12x96xf32>
      tn.yield %48 : tensor<12x96xf32>
    } -> tensor<12x96xf32>
    %38 = tn.constant #tn.weight<"model#w28", 0, 18432> -> tensor<96x48xf32>
    %39 = tn.kernel ins(%38 : tensor<96x48xf32>) template "elementwise" schedule {"x86-64-v4" = {block = 32 : i64, lanes = 16 : i64, rows = 96 : i64}} {
    ^bb0(%arg2: tensor<96x48xf32>):
      %46 = tn.pack %arg2 batch [] k [0] n [1] panel 32 : tensor<96x48xf32> -> tensor<2x96x32xf32>
      tn.yield %46 : tensor<2x96x32xf32>
    } -> tensor<2x96x32xf32>
    %40 = tn.kernel ins(%37, %34, %39 : tensor<12x96xf32>, tensor<12x48xf32>, tensor<2x96x32xf32>) template "contraction" schedule {"x86-64-v4" = {chunk = 1 : i64, lanes = 16 : i64, rows = 12 : i64, rows_outer = 1 : i64, unroll = 4 : i64, vectors = 2 : i64}} {
    ^bb0(%arg2: tensor<12x96xf32>, %arg3: tensor<12x48xf32>, %arg4: tensor<2x96x32xf32>):
      %46 = tn.unpack %arg4 batch [] k [0] n [1] panel 32 : tensor<2x96x32xf32> -> tensor<96x48xf32>
      %47 = tn.contract %arg2 [0, 2], %46 [2, 1] -> [0, 1] : tensor<12x96xf32>, tensor<96x48xf32> -> tensor<12x48xf32>
      %48 = tn.add %arg3, %47 : tensor<12x48xf32>, tensor<12x48xf32> -> tensor<12x48xf32>
      tn.yield %48 : tensor<12x48xf32>
    } -> tensor<12x48xf32>
    %41 = tn.reshape %40 : tensor<12x48xf32> -> tensor<1x12x48xf32>
    %42 = tn.constant #tn.weight<"model#w29", 0, 1344> -> tensor<48x7xf32>
    %43 = tn.kernel ins(%42 : tensor<48x7xf32>) template "elementwise" schedule {"x86-64-v4" = {block = 32 : i64, lanes = 16 : i64, rows = 48 : i64}} {
    ^bb0(%arg2: tensor<48x7xf32>):
      %46 = tn.pack %arg2 batch [] k [0] n [1] panel 32 : tensor<48x7xf32> -> tensor<1x48x32xf32>
      tn.yield %46 : tensor<1x48x32xf32>
    } -> tensor<1x48x32xf32>
    %44 = tn.kernel ins(%40, %43 : tensor<12x48xf32>, tensor<1x48x32xf32>) template "contraction" schedule {"x86-64-v4" = {chunk = 1 : i64, lanes = 16 : i64, rows = 12 : i64, rows_outer = 1 : i64, unroll = 4 : i64, vectors = 1 : i64}} {
    ^bb0(%arg2: tensor<12x48xf32>, %arg3: tensor<1x48x32xf32>):
      %46 = tn.unpack %arg3 batch [] k [0] n [1] panel 32 : tensor<1x48x32xf32> -> tensor<48x7xf32>
      %47 = tn.contract %arg2 [0, 2], %46 [2, 1] -> [0, 1] : tensor<12x48xf32>, tensor<48x7xf32> -> tensor<12x7xf32>
      %48 = tn.tanh %47 : tensor<12x7xf32> -> tensor<12x7xf32>
      tn.yield %48 : tensor<12x7xf32>
    } -> tensor<12x7xf32>
    %45 = tn.reshape %44 : tensor<12x7xf32> -> tensor<1x12x7xf32>
    return %41, %45 : tensor<1x12x48xf32>, tensor<1x12x7xf32>
  }
}
