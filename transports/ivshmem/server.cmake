# SPDX-License-Identifier: BSD-3-Clause
add_executable(idtntb-ivshmem-server
	${CMAKE_CURRENT_LIST_DIR}/server.c
	${CMAKE_CURRENT_LIST_DIR}/server-clients.c
	${CMAKE_CURRENT_LIST_DIR}/server-keeper.c
	${CMAKE_CURRENT_LIST_DIR}/server-listener.c
	${CMAKE_CURRENT_LIST_DIR}/server-loop.c
	${CMAKE_CURRENT_LIST_DIR}/server-memory.c
	${CMAKE_CURRENT_LIST_DIR}/server-options.c
	${CMAKE_CURRENT_LIST_DIR}/server-ram.c
	${CMAKE_CURRENT_LIST_DIR}/server-ram-packet.c
	${CMAKE_CURRENT_LIST_DIR}/../common/layout.c
	${CMAKE_CURRENT_LIST_DIR}/../common/lock.c)
target_compile_definitions(idtntb-ivshmem-server PRIVATE _GNU_SOURCE)
target_link_libraries(idtntb-ivshmem-server PRIVATE idtntb_listen idtntb_options idtntb_static)
# Where the scripts look for it, whatever folder includes this file.
set_target_properties(idtntb-ivshmem-server PROPERTIES
	RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/transports/ivshmem)

install(TARGETS idtntb-ivshmem-server RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${PROJECT_SOURCE_DIR}/man/idtntb-ivshmem-server.1
	DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
