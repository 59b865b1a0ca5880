#!/usr/bin/env node
// First of all: loading the rest takes up to a second, in which a signal must not be lost.
import './signals-first';
import { start } from './start';

void start();
