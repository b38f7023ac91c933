# SPDX-License-Identifier: BSD-3-Clause
find_package(PkgConfig REQUIRED)
pkg_check_modules(LIBURING REQUIRED IMPORTED_TARGET liburing)

add_executable(idtntbd
	idtntbd.c
	daemon-connection.c
	daemon-listen.c
	daemon-loop.c
	daemon-options.c
	daemon-port.c
	daemon-reads.c
	daemon-requests.c
	daemon-stream.c
	daemon-view.c
	address.c
	box.c
	wire.c)
target_compile_definitions(idtntbd PRIVATE _GNU_SOURCE)
target_link_libraries(idtntbd PRIVATE idtntb_listen idtntb_options PkgConfig::LIBURING)

install(TARGETS idtntbd RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${PROJECT_SOURCE_DIR}/man/idtntbd.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
