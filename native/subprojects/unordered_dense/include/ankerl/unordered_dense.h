// The names of ankerl::unordered_dense, meaning the standard library's containers.
//
// The standard ones promise more (references stay valid when a map grows), so what is right with
// the original is right with these. They are somewhat slower, and iterate in another order, which
// neither promises.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>

namespace ankerl::unordered_dense
{
	template<class T, class Enable = void>
	struct hash
	{
		auto operator()(const T& value) const noexcept(noexcept(std::hash<T>{}(value))) -> uint64_t
		{
			return std::hash<T>{}(value);
		}
	};

	template<class K, class V, class H = hash<K>, class E = std::equal_to<K>>
	using map = std::unordered_map<K, V, H, E>;

	template<class K, class H = hash<K>, class E = std::equal_to<K>>
	using set = std::unordered_set<K, H, E>;

	template<class K, class V, class H = hash<K>, class E = std::equal_to<K>>
	using segmented_map = std::unordered_map<K, V, H, E>;

	template<class K, class H = hash<K>, class E = std::equal_to<K>>
	using segmented_set = std::unordered_set<K, H, E>;
} // namespace ankerl::unordered_dense
