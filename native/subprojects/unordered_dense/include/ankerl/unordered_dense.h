#pragma once
#include <unordered_map>
#include <unordered_set>
#include <functional>
#include <type_traits>
#include <string>
#include <string_view>
namespace ankerl::unordered_dense {
template <class T, class Enable = void> struct hash {
  auto operator()(T const& v) const noexcept(noexcept(std::hash<T>{}(v))) -> uint64_t { return std::hash<T>{}(v); }
};
template <class K, class V, class H = hash<K>, class E = std::equal_to<K>> using map = std::unordered_map<K, V, H, E>;
template <class K, class H = hash<K>, class E = std::equal_to<K>> using set = std::unordered_set<K, H, E>;
template <class K, class V, class H = hash<K>, class E = std::equal_to<K>> using segmented_map = std::unordered_map<K, V, H, E>;
template <class K, class H = hash<K>, class E = std::equal_to<K>> using segmented_set = std::unordered_set<K, H, E>;
}
