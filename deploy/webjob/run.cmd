@echo off
rem What a continuous WebJob of App Service starts (Kudu runs: cmd /c run.cmd). It ends with the exit code of the sidecar.
setlocal
rem A .NET runtime in a folder beside this file is used instead of the worker's.
if exist "%~dp0dotnet\dotnet.exe" set "DOTNET_ROOT=%~dp0dotnet"
node "%~dp0azurecache\bin\azurecache.js" %*
exit /b %ERRORLEVEL%
