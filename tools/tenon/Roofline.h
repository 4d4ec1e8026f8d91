//===- Roofline.h - What this machine could do at best -------------------===//
#ifndef TENON_TOOLS_TENON_ROOFLINE_H
#define TENON_TOOLS_TENON_ROOFLINE_H

#include <string>
#include <utility>
#include <vector>

namespace tenon::cli {

/// Rates of some threads together, as measured: no program is faster.
struct Roofline {
  double flops = 0;     ///< f32 fused multiply-adds from registers, two operations each, per second
  double bandwidth = 0; ///< bytes per second, reading memory that no cache holds
  std::string isa;      ///< "AVX-512", "AVX2"

  /// Seconds that so much work takes at least.
  double seconds(double flopCount, double byteCount) const;
  /// Seconds that so much arithmetic takes at least.
  double computeSeconds(double flopCount) const { return flops > 0 ? flopCount / flops : 0; }
  /// Which of the rates that is: "compute" or "memory".
  const char *limits(double flopCount, double byteCount) const;
};

/// Measures for about 0.3 seconds.
Roofline measureRoofline(unsigned threads);

/// How fast one thread reads memory again that it has read before, by the bytes that it read in between: what all the
/// caches of this machine give.
class ReuseBandwidth {
public:
  /// Measures for about 0.3 seconds.
  static ReuseBandwidth measure();
  /// Bytes per second after so many other bytes.
  double at(double bytesBetween) const;

private:
  std::vector<std::pair<double, double>> points; ///< bytes in between, bytes per second
};

} // namespace tenon::cli

#endif
