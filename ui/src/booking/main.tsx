import { render } from 'preact'
import '../shared/base.css'
import './booking.css'
import { App, readApp } from './app'
import { openAttempt } from './attempt'
import { readBranches } from './choice'
import { replace, route } from './route'
import { resume } from './session'

void readBranches()
void readApp()
void resume()
window.addEventListener('online', () => void readBranches())
// A booking that was under way when the page was closed comes first.
if (openAttempt() && route.value.screen !== 'confirm') replace('confirm')

render(<App />, document.getElementById('app')!)
