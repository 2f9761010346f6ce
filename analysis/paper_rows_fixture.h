#pragma once

// The published numbers of the paper's twelve runs, Tables III to XII. A cell that contradicts
// another one is 0, as are those that were not published.

#include <algorithm>
#include <array>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"

namespace hark {

inline constexpr std::array<uint16_t, 7> kPaperPorts = {22, 25, 110, 143, 443, 587, 993};

struct PaperRow {
  std::string_view name;
  uint64_t records, abroad, no_crypto, crypto, crypto_pct, host_ports, keys, keys_pct, local, hark;
  uint64_t probed, responders;                 // Table V
  std::array<uint64_t, 7> ports;               // Table VI; all 0 in 2017
  std::array<std::array<uint64_t, 4>, 6> tls;  // Table VII: SSLv3, 1.0, 1.1, 1.2 by TLS port
  std::array<uint64_t, 2> ssh;                 // Table X: 1.99, 2.0
  uint64_t mixed, several_as, multikey;        // Table XII
  uint64_t not_multihomed, possible, no_info;
};

// cells: the members in their order, with blanks, bars and slashes between them.
inline PaperRow ReadPaperRow(std::string_view name, std::string_view cells) {
  std::vector<uint64_t> all;
  for (size_t at = 0; at < cells.size();) {
    const size_t begin = std::min(cells.find_first_of("0123456789", at), cells.size());
    at = std::min(cells.find_first_not_of("0123456789", begin), cells.size());
    if (at > begin) all.push_back(*ParseUint(cells.substr(begin, at - begin)));
  }
  size_t next = 0;
  PaperRow row{};
  row.name = name;
  const auto read = [&](uint64_t& cell) { cell = all.at(next++); };
  for (uint64_t* cell :
       {&row.records, &row.abroad, &row.no_crypto, &row.crypto, &row.crypto_pct, &row.host_ports,
        &row.keys, &row.keys_pct, &row.local, &row.hark, &row.probed, &row.responders}) {
    read(*cell);
  }
  for (uint64_t& port : row.ports) read(port);
  for (auto& of_port : row.tls) {
    for (uint64_t& version : of_port) read(version);
  }
  for (uint64_t& version : row.ssh) read(version);
  for (uint64_t* cell : {&row.mixed, &row.several_as, &row.multikey, &row.not_multihomed,
                         &row.possible, &row.no_info}) {
    read(*cell);
  }
  return row;
}

inline const std::vector<PaperRow>& PaperRows() {
  static const auto* const kRows = new std::vector<PaperRow>{
      ReadPaperRow("IE-20171130",
                   "23616 0 12959 10657 45 25935 12889 49 5651 46 | 0 0 | 0 0 0 0 0 0 0 | 0/0/0/0 "
                   "0/0/0/0 0/0/0/0 0/0/0/0 0/0/0/0 0/0/0/0 | 0/0 | 75 68 134 240 190 393"),
      ReadPaperRow("IE-20180316",
                   "24774 1233 5273 18268 77 54447 20053 36 8570 53 | 11583062 24774 | 6902 9901 "
                   "6008 6547 12861 5370 6858 | 0/1729/0/8172 0/1176/0/4832 0/1134/1/5412 "
                   "3/2037/2/10819 0/320/1/5049 4/927/2/5925 | 10/6892 | 97 133 202 385 317 735"),
      ReadPaperRow("EE-20171130",
                   "12775 0 796 11979 93 45067 15502 34 3176 73 | 0 0 | 0 0 0 0 0 0 0 | 0/0/0/0 "
                   "0/0/0/0 0/0/0/0 0/0/0/0 0/0/0/0 0/0/0/0 | 0/0 | 85 39 124 192 191 138"),
      ReadPaperRow("EE-20180324",
                   "17827 1334 1519 14974 90 0 20014 0 3303 77 | 1521127 17827 | 9578 10616 11134 "
                   "11288 10022 9570 11775 | 0/1249/0/9367 1/946/1/10186 1/940/0/10347 "
                   "1/1146/9/8866 0/353/0/9217 7/1038/0/10730 | 15/9563 | 81 46 127 204 242 193"),
      ReadPaperRow("FI-20180326",
                   "37012 506 26106 10400 28 34263 11686 34 4675 55 | 13595744 37030 | 4880 6284 "
                   "3396 4050 6928 4077 4648 | 2/1213/2/5067 0/638/0/2758 2/817/0/3231 "
                   "8/1347/1/5572 1/579/1/3496 3/968/0/3677 | 269/4611 | 70 105 105 225 300 504"),
      ReadPaperRow("PT-20180403",
                   "19782 63 4169 15550 78 63907 12202 19 4143 73 | 6654749 19782 | 5587 8833 9559 "
                   "9808 10415 9569 10136 | 1/1290/4/7538 0/920/0/8639 0/942/1/8865 6/1702/7/8700 "
                   "0/460/6/9103 14/855/1/9266 | 13/5574 | 66 153 50 208 502 802"),
      ReadPaperRow("LU-20180423",
                   "6800 4 686 6110 89 21284 5622 26 1966 67 | 1432136 6800 | 1213 2839 3075 3185 "
                   "4194 3503 3275 | 0/347/0/2492 0/139/1/2935 0/134/0/3051 1/477/0/3716 "
                   "0/64/0/3439 1/117/0/3157 | 1/1212 | 34 44 20 78 90 278"),
      ReadPaperRow("UY-20180424",
                   "1878 0 336 1542 82 4806 1355 28 720 53 | 2456088 1878 | 227 572 826 830 918 "
                   "631 802 | 0/184/2/386 0/163/0/663 0/113/0/717 0/189/1/728 0/44/0/587 "
                   "1/78/0/723 | 4/223 | 8 31 3 38 23 119"),
      ReadPaperRow("NZ-20180425",
                   "23333 3 11872 11458 49 33424 10657 31 5814 49 | 7214376 23333 | 3191 4912 4644 "
                   "4805 6018 4566 5288 | 2/1904/1/3007 0/871/0/3773 3/850/0/3952 1/1414/1/4602 "
                   "0/439/0/4127 12/899/0/4377 | 10/3181 | 62 98 39 165 235 411"),
      ReadPaperRow(
          "NA-20180430",
          "551 0 172 379 68 820 504 61 299 21 | 482835 551 | 139 183 78 105 172 78 65 | 0/61/0/122 "
          "0/21/0/57 2/19/0/84 0/52/0/120 0/7/0/71 3/11/0/51 | 6/133 | 3 15 1 19 2 9"),
      ReadPaperRow(
          "SG-20180430",
          "73608 14 21871 51723 70 0 0 0 22644 56 | 8990690 73608 | 26966 21922 33525 33930 20841 "
          "32340 35001 | 1/1096/4/20821 1/2116/2/31406 3/2012/3/31912 3/1179/2/19657 "
          "0/1091/2/31247 8/1825/2/33166 | 68/26898 | 157 178 287 484 1053 1513"),
      ReadPaperRow("SI-20180514",
                   "9759 0 1882 7877 80 26330 7421 28 3529 55 | 2641942 9759 | 1328 5614 3275 3415 "
                   "5255 3593 3850 | 3/1237/0/4374 0/796/0/2479 3/790/1/2621 10/1601/0/3644 "
                   "0/569/0/3024 9/934/1/2906 | 7/1321 | 34 96 25 127 95 390"),
  };
  return *kRows;
}

inline void PrintTo(const PaperRow& row, std::ostream* out) {
  *out << row.name;
}

}  // namespace hark
